// The exported models in onnxruntime-web: images to tokens, tokens to images, classes to tokens.
import * as ort from './node_modules/onnxruntime-web/dist/ort.webgpu.bundle.min.mjs';

/** Where the networks run: the GPU where the browser gives one, and else WebAssembly. */
export async function chooseBackend() {
    ort.env.logLevel = 'error';
    const adapter = await navigator.gpu?.requestAdapter().catch(() => null);
    return adapter ? 'webgpu' : 'wasm';
}

const open = (url, backend) => ort.InferenceSession.create(url, { executionProviders: backend === 'webgpu' ? ['webgpu', 'wasm'] : ['wasm'] });

const read = async url => {
    const response = await fetch(url);
    if (!response.ok)
        throw new Error(`There is no ${url}. Write it with examples/OnnxExport.`);
    return response.json();
};

const integers = (values, shape) => new ort.Tensor('int64', BigInt64Array.from(values, BigInt), shape);

/** Images to tokens and back. */
export class Tokenizer {
    static async load(folder, backend) {
        const self = new Tokenizer();
        self.about = await read(`${folder}/tokenizer.json`);
        self.encoder = await open(`${folder}/encoder.onnx`, backend);
        self.decoder = await open(`${folder}/decoder.onnx`, backend);
        return self;
    }

    /** Pixels: RGB in [0, 1], [3, S, S]. Gives the N tokens. */
    async encode(pixels) {
        const side = this.about.image_size;
        const { tokens } = await this.encoder.run({ pixels: new ort.Tensor('float32', pixels, [1, 3, side, side]) }, ['tokens']);
        return Array.from(tokens.data, Number);
    }

    /** The image of the leading tokens: RGB, [3, S, S], not clamped. */
    async decode(tokens, count = tokens.length) {
        const { pixels } = await this.decoder.run({ tokens: integers(tokens, [1, tokens.length]), token_counts: integers([count], [1]) });
        return pixels.data;
    }
}

/** Classes to tokens, pass by pass, with the random numbers of the library: the same seed gives the same tokens. */
export class Generator {
    static async load(folder, backend) {
        const self = new Generator();
        self.about = await read(`${folder}/generator.json`);
        self.session = await open(`${folder}/generator.onnx`, backend);
        return self;
    }

    /** The paper's sampling: top-p 0.95, guidance by the step schedule. Calls onStep(tokens so far, pass, passes) after every pass. */
    async generate(label, { seed = 0, guidance = 3.75, topP = 0.95, start = 0.25 } = {}, onStep = async () => {}) {
        const { passes, layers, key_value_heads: heads, head_size: size, codebook_size: codes, input_ids: ids } = this.about;
        const guided = guidance > 1;
        const rows = guided ? [label, ids.null_class] : [label];
        const tokens = [];
        let cache = {};
        for (let layer = 0; layer < layers; layer++)
            for (const what of ['key', 'value'])
                cache[`past_key_values.${layer}.${what}`] = new ort.Tensor('float32', new Float32Array(0), [rows.length, heads, 0, size]);

        for (let pass = 0; pass < passes.length; pass++) {
            const { start: first, count, inputs } = passes[pass];
            const indices = inputs.flatMap(run => Array.from({ length: run.count }, (_, i) => ({ kind: run.kind, index: run.first + i })));
            const inputIds = rows.flatMap(row => indices.map(({ kind, index }) =>
                kind === 'class' ? row : kind === 'token' ? ids.first_token + tokens[index] : ids.first_special + index));
            const results = await this.session.run({
                input_ids: integers(inputIds, [rows.length, count]),
                position_ids: integers(Array.from({ length: count }, (_, i) => first + i), [count]),
                ...cache,
            });
            cache = Object.fromEntries(Object.keys(cache).map(name => [name, results[name.replace('past_key_values', 'present')]]));
            const scale = !guided ? 1 : pass / (passes.length - 1) >= start ? guidance : 1.0001;
            for (let i = 0; i < count; i++) {
                const logits = results.logits.data.slice(i * codes, (i + 1) * codes);
                if (guided) {
                    const free = results.logits.data.subarray((count + i) * codes, (count + i + 1) * codes);
                    for (let code = 0; code < codes; code++)
                        logits[code] = free[code] + (logits[code] - free[code]) * scale;
                }
                tokens[first + i] = draw(logits, topP, seed, first + i);
            }
            await onStep([...tokens], pass + 1, passes.length);
        }
        return tokens;
    }
}

/** Nucleus sampling, and then the exponential race: the code with the least waiting time over probability wins. */
function draw(logits, topP, seed, position) {
    const least = nucleus(logits, topP);
    let winner = 0, best = -Infinity;
    for (let block = 0; 4 * block < logits.length; block++) {
        const bits = philox([0, 0, position, block], [seed >>> 0, Math.floor(seed / 4294967296) >>> 0]);
        for (let i = 0; i < 4 && 4 * block + i < logits.length; i++) {
            const logit = logits[4 * block + i];
            if (logit < least)
                continue;
            const score = logit - Math.log(-Math.log((bits[i] + 0.5) / 4294967296));
            if (score > best)
                [best, winner] = [score, 4 * block + i];
        }
    }
    return winner;
}

/** The least logit among the most probable that reach the probability topP together. */
function nucleus(logits, topP) {
    if (topP >= 1)
        return -Infinity;
    const sorted = Float32Array.from(logits).sort().reverse();
    const weights = Array.from(sorted, logit => Math.exp(logit - sorted[0]));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    for (let i = 0, sum = 0; i < sorted.length; i++) {
        sum += weights[i] / total;
        if (sum > topP)
            return sorted[i];
    }
    return -Infinity;
}

/** The counter-based random numbers Philox4x32-10 (Salmon et al., SC 2011): four 32-bit numbers of a counter and a key. */
export function philox(counter, key) {
    let [a, b, c, d] = counter, [k, l] = key;
    for (let round = 0; round < 10; round++) {
        const first = BigInt(a) * 0xD2511F53n, second = BigInt(c) * 0xCD9E8D57n;
        [a, b, c, d] = [
            (Number(second >> 32n) ^ b ^ k) >>> 0, Number(second & 0xFFFFFFFFn),
            (Number(first >> 32n) ^ d ^ l) >>> 0, Number(first & 0xFFFFFFFFn)];
        [k, l] = [(k + 0x9E3779B9) >>> 0, (l + 0xBB67AE85) >>> 0];
    }
    return [a, b, c, d];
}
