import { expect, test } from "vitest";
import { completeLock, platformOf } from "./lock.mjs";

test("a binary package says in its name for which system it is", () => {
	expect(platformOf("@x/tool-linux-x64-musl")).toEqual({ cpu: ["x64"], os: ["linux"], libc: ["musl"] });
	expect(platformOf("@x/tool-linux-arm-gnueabihf")).toEqual({ cpu: ["arm"], os: ["linux"], libc: ["glibc"] });
	expect(platformOf("tool-darwin-arm64")).toEqual({ cpu: ["arm64"], os: ["darwin"] });
	expect(platformOf("tool-wasm32-wasi")).toEqual({ cpu: ["wasm32"] });
	expect(platformOf("fsevents")).toBeUndefined();
});

test("missing optional packages are added once, in order, with what npm needs to skip them", () => {
	const versions = { "tool-darwin-x64": "1.2.3", "tool-linux-x64": "1.2.3" };
	const lock = {
		packages: {
			"node_modules/tool": { version: "1.2.3", dev: true, optionalDependencies: versions },
			"node_modules/tool-linux-x64": { version: "1.2.3", optional: true },
			"node_modules/zebra": { version: "9.9.9" },
		},
	};
	expect(completeLock(lock)).toEqual(["tool-darwin-x64"]);
	expect(Object.keys(lock.packages)).toEqual([
		"node_modules/tool",
		"node_modules/tool-darwin-x64",
		"node_modules/tool-linux-x64",
		"node_modules/zebra",
	]);
	expect(lock.packages).toHaveProperty(["node_modules/tool-darwin-x64"], {
		version: "1.2.3",
		cpu: ["x64"],
		dev: true,
		optional: true,
		os: ["darwin"],
	});
	expect(completeLock(lock)).toEqual([]);
});

test("what is no binary of one exact version is refused", () => {
	const lock = (name: string, version: string) => ({
		packages: { "node_modules/tool": { optionalDependencies: { [name]: version } } },
	});
	expect(() => completeLock(lock("fsevents", "2.0.0"))).toThrow(/fsevents 2\.0\.0 is missing/);
	expect(() => completeLock(lock("tool-linux-x64", "^1.0.0"))).toThrow(/\^1\.0\.0 is missing/);
});
