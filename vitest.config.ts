import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const source = (path: string) => fileURLToPath(new URL(`./packages/${path}`, import.meta.url));

export default defineConfig({
	resolve: {
		alias: [
			{ find: /^@mindoodb\/(core|testing|server|cli)$/, replacement: source("$1/src/index.ts") },
			{ find: /^@mindoodb\/formats\/(apack|chunks|pampa|dm3|node)$/, replacement: source("formats/src/$1/index.ts") },
			{ find: /^mindoodb\/(dm3|pampa)$/, replacement: source("mindoodb/src/shared/$1/index.ts") },
			{ find: /^mindoodb$/, replacement: source("mindoodb/src/node/index.ts") },
		],
	},
	test: {
		include: ["packages/*/src/**/*.test.ts", "scripts/**/*.test.ts", "examples/**/*.test.ts"],
		testTimeout: 60_000,
		hookTimeout: 60_000,
		maxWorkers: 2,
	},
});
