// Serves this folder: node serve.mjs [--port 8080] [--models FOLDER]. Any static server will do, if it sends the two headers below.
import { createServer } from 'node:http';
import { createReadStream, statSync } from 'node:fs';
import { dirname, extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const here = dirname(fileURLToPath(import.meta.url));
const { values } = parseArgs({ options: { port: { type: 'string', default: '8080' }, models: { type: 'string', default: join(here, 'models') } } });
const types = { '.html': 'text/html', '.css': 'text/css', '.js': 'text/javascript', '.mjs': 'text/javascript', '.json': 'application/json', '.wasm': 'application/wasm' };

const server = createServer((request, response) => {
    const path = normalize(decodeURIComponent(new URL(request.url, 'http://localhost').pathname));
    const file = path === '/' ? join(here, 'index.html')
        : path.startsWith('/models/') ? join(values.models, path.slice('/models/'.length))
        : join(here, path);
    const found = statSync(file, { throwIfNoEntry: false });
    if (!found?.isFile()) {
        response.writeHead(404).end('Not found');
        return;
    }
    response.writeHead(200, {
        'Content-Type': types[extname(file)] ?? 'application/octet-stream',
        'Content-Length': found.size,
        'Cross-Origin-Opener-Policy': 'same-origin', // with the next, WebAssembly may use several threads
        'Cross-Origin-Embedder-Policy': 'require-corp',
    });
    createReadStream(file).pipe(response);
});
server.listen(Number(values.port), '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}/`));
