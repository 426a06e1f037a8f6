// Optional packages (binaries for one system each) in npm's lock file.

/**
 * @typedef {{ version?: string, dev?: boolean, optional?: boolean, os?: string[], cpu?: string[], libc?: string[],
 * optionalDependencies?: Record<string, string> }} Entry
 */

const systems = ["aix", "android", "darwin", "freebsd", "linux", "netbsd", "openbsd", "openharmony", "sunos", "win32"];
const processors = ["arm64", "arm", "ia32", "loong64", "mips64el", "ppc64", "riscv64", "s390x", "wasm32", "x64"];

/**
 * For which systems a package is, as its name says: `x-linux-arm-gnueabihf`, `x-darwin-x64`.
 * @param {string} name
 * @returns {{ cpu: string[], os?: string[], libc?: string[] } | undefined}
 */
export function platformOf(name) {
	const words = name.split("-");
	const cpu = processors.find((processor) => words.includes(processor));
	const os = systems.find((system) => words.includes(system));
	if (cpu === undefined || (os === undefined && cpu !== "wasm32")) return undefined;
	const libc = words.includes("musl") ? "musl" : words.some((word) => word.startsWith("gnu")) ? "glibc" : undefined;
	return { cpu: [cpu], ...(os ? { os: [os] } : {}), ...(libc ? { libc: [libc] } : {}) };
}

/**
 * Adds what is missing, in place.
 * @param {{ packages: Record<string, Entry> }} lock
 * @returns {string[]} the names added
 */
export function completeLock(lock) {
	/** @type {Map<string, Entry>} */
	const missing = new Map();
	for (const entry of Object.values(lock.packages)) {
		for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
			const path = `node_modules/${name}`;
			if (lock.packages[path] !== undefined) continue;
			const platform = platformOf(name);
			if (platform === undefined || !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version)) {
				throw new Error(`${name} ${version} is missing from the lock file and no binary package of one exact version`);
			}
			const { cpu, os, libc } = platform;
			// In npm's own order of keys, so that its next write changes nothing.
			const dev = entry.dev ? { dev: true } : {};
			missing.set(path, { version, cpu, ...dev, ...(libc ? { libc } : {}), optional: true, ...(os ? { os } : {}) });
		}
	}
	const sorted = Object.entries({ ...lock.packages, ...Object.fromEntries(missing) }).sort(([a], [b]) =>
		a < b ? -1 : 1,
	);
	lock.packages = Object.fromEntries(sorted);
	return [...missing.keys()].map((path) => path.slice("node_modules/".length));
}
