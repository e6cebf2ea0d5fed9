// What the page does; the models are in restok.js.
import { chooseBackend, Generator, Tokenizer } from './restok.js';

const at = id => document.getElementById(id);
const folder = 'models';
let tokenizer, generator, tokens = [], drawn = [], busy = Promise.resolve();

/** One thing at a time, and a fault is shown. */
function queue(work) {
    busy = busy.then(() => {
        at('fault').textContent = '';
        return work();
    }).catch(fault => {
        at('fault').textContent = fault.message;
        console.error(fault);
    });
    return busy;
}

/** Puts RGB [3, S, S] on a canvas. */
function show(canvas, pixels) {
    const side = Math.sqrt(pixels.length / 3), plane = side * side;
    const image = new ImageData(side, side);
    for (let i = 0; i < plane; i++) {
        for (let channel = 0; channel < 3; channel++)
            image.data[4 * i + channel] = Math.round(Math.min(1, Math.max(0, pixels[channel * plane + i])) * 255);
        image.data[4 * i + 3] = 255;
    }
    canvas.width = canvas.height = side;
    canvas.getContext('2d').putImageData(image, 0, 0);
}

/** The middle square of an image in the encoder's size: RGB [3, S, S] in [0, 1]. */
async function pixelsOf(blob) {
    const bitmap = await createImageBitmap(blob).catch(() => { throw new Error(`${blob.name ?? 'This'} is no image that the browser can read.`); });
    const side = tokenizer.about.image_size, edge = Math.min(bitmap.width, bitmap.height);
    const canvas = new OffscreenCanvas(side, side), context = canvas.getContext('2d');
    context.imageSmoothingQuality = 'high';
    context.drawImage(bitmap, (bitmap.width - edge) / 2, (bitmap.height - edge) / 2, edge, edge, 0, 0, side, side);
    const { data } = context.getImageData(0, 0, side, side);
    return Float32Array.from({ length: 3 * side * side }, (_, i) => data[4 * (i % (side * side)) + Math.floor(i / (side * side))] / 255);
}

async function encode(blob) {
    const pixels = await pixelsOf(blob);
    show(at('given'), pixels);
    const start = performance.now();
    await showTokens(await tokenizer.encode(pixels));
    at('status').textContent = `${backendName}: encoded and decoded in ${Math.round(performance.now() - start)} ms.`;
}

async function showTokens(values) {
    tokens = values;
    at('count').disabled = false;
    at('count').max = at('count').value = tokens.length;
    await decode();
}

async function decode() {
    const count = Number(at('count').value);
    show(at('rebuilt'), await tokenizer.decode(tokens, count));
    at('used').textContent = `${count} of ${tokens.length}`;
    let index = 0;
    at('tokens').replaceChildren(...tokenizer.about.levels.map(size => {
        const row = document.createElement('div');
        row.style.gridTemplateColumns = `repeat(${Math.min(size, 16)}, 1fr)`;
        for (let i = 0; i < size; i++, index++) {
            const chip = row.appendChild(document.createElement('span'));
            chip.textContent = tokens[index];
            chip.style.background = `hsl(${(tokens[index] * 137.5) % 360} 65% 78%)`; // neighbours in the codebook look apart
            chip.classList.toggle('unused', index >= count);
        }
        return row;
    }));
}

async function generate() {
    at('passes').replaceChildren();
    at('edit').disabled = true;
    const start = performance.now();
    const options = { seed: Number(at('seed').value), guidance: Number(at('guidance').value) };
    drawn = await generator.generate(Number(at('classes').value), options, async (known, pass, passes) => {
        const pixels = await tokenizer.decode(known);
        show(at('image'), pixels);
        show(at('passes').appendChild(document.createElement('canvas')), pixels);
        at('pass').textContent = `pass ${pass} of ${passes}, ${known.length} tokens`;
    });
    at('edit').disabled = false;
    at('status').textContent = `${backendName}: generated and decoded after every pass in ${Math.round(performance.now() - start)} ms.`;
}

/** Its image takes the place of the one that was encoded. */
async function edit() {
    show(at('given'), await tokenizer.decode(drawn));
    await showTokens(drawn);
}

at('file').addEventListener('change', event => event.target.files.length && queue(() => encode(event.target.files[0])));
at('count').addEventListener('input', () => queue(decode));
at('generate').addEventListener('click', () => queue(generate));
at('edit').addEventListener('click', () => queue(edit));
for (const name of ['dragenter', 'dragover', 'dragleave', 'drop']) {
    at('drop').addEventListener(name, event => {
        event.preventDefault();
        at('drop').classList.toggle('over', name.startsWith('drage') || name === 'dragover');
        if (name === 'drop' && event.dataTransfer.files.length)
            queue(() => encode(event.dataTransfer.files[0]));
    });
}

const backend = await chooseBackend(), backendName = backend === 'webgpu' ? 'WebGPU' : 'WebAssembly';
queue(async () => {
    tokenizer = await Tokenizer.load(folder, backend);
    generator = await Generator.load(folder, backend);
    const names = await fetch(`${folder}/classes.txt`).then(response => response.ok ? response.text() : '');
    const list = names.trim() ? names.trim().split('\n') : Array.from({ length: generator.about.classes }, (_, i) => `class ${i}`);
    at('classes').replaceChildren(...list.map((name, i) => new Option(name.trim(), i)));
    at('n').textContent = tokenizer.about.tokens;
    at('generate').disabled = false;
    at('status').textContent = `${backendName}: ready.`;
    globalThis.restok = { tokenizer, generator }; // for the console, and for tests
});
