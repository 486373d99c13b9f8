// Where the npm packages are: BUILD/clients/amazon_q, filled by ./setup. ES imports look beside the
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

const require = createRequire(path.join(buildFolder, 'clients/amazon_q/package.json'));

export function npmPackage(name) {
    try {
        return require(name);
    } catch (error) {
        if (error.code !== 'MODULE_NOT_FOUND') throw error;
        throw new Error(
            `the npm package ${name} is missing: run test/amazon_q/setup ${buildFolder}`,
        );
    }
}
