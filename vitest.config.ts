import { fileURLToPath } from "node:url";
import { defaultExclude, defineConfig } from "vitest/config";

const source = (path: string) => fileURLToPath(new URL(`./packages/${path}`, import.meta.url));

const all = ["packages/*/src/**/*.test.ts", "scripts/**/*.test.ts", "examples/**/*.test.ts"];

/** Files that take long by themselves: they begin first, each in a process of its own, so that none is left over at the end. */
const alone = [
	"packages/core/src/database/crash.test.ts",
	"packages/core/src/tenant/convergence.test.ts",
	"packages/testing/src/simulator/*.test.ts",
	"packages/cli/src/tour/tour.test.ts",
	"packages/cli/src/two-devices.test.ts",
];

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
		testTimeout: 60_000,
		hookTimeout: 60_000,
		maxWorkers: 2,
		restoreMocks: true,
		unstubEnvs: true,
		projects: [
			{ extends: true, test: { name: "alone", include: alone } },
			{
				extends: true,
				test: { name: "together", include: all, exclude: [...alone, ...defaultExclude], isolate: false },
			},
		],
	},
});
