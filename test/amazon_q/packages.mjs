// Where the npm packages are: CLIENTS/amazon_q, filled by test/setup. ES imports look beside the
// importing file only, so packages that live outside the tree are required from their own folder.
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import path from 'node:path';

export const sourceRoot = path.resolve(fileURLToPath(import.meta.url), '../../..');

// The tests take it as their first argument, like the other suites.
const [, , argument = '-'] = process.argv;
export const buildFolder = path.resolve(
    argument.startsWith('-') ? (process.env.BUILD ?? path.join(sourceRoot, 'build')) : argument,
);

export const clientsFolder = path.resolve(
    process.env.CLIENTS ?? path.join(sourceRoot, 'build/clients'),
);

const require = createRequire(path.join(clientsFolder, 'amazon_q/package.json'));

export function npmPackage(name) {
    try {
        return require(name);
    } catch (error) {
        if (error.code !== 'MODULE_NOT_FOUND') throw error;
        throw new Error(`the npm package ${name} is missing from ${clientsFolder}: run test/setup`);
    }
}
