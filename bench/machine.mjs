// What machine the figures come from, and how fast it is at the things that bound an encrypted database.
import { createCipheriv, createHash, generateKeyPairSync, randomBytes, sign, verify } from "node:crypto";
import { closeSync, fdatasyncSync, mkdtempSync, openSync, readdirSync, rmSync, statSync, writeSync } from "node:fs";
import { cpus, release, tmpdir, totalmem } from "node:os";
import { join } from "node:path";

/** @returns {Readonly<Record<string, string | number>>} */
export function describeMachine() {
	const processors = cpus();
	return {
		node: process.version,
		system: `${process.platform} ${process.arch} ${release()}`,
		processor: processors[0]?.model.trim() ?? "unknown",
		cores: processors.length,
		memoryMB: Math.round(totalmem() / 2 ** 20),
	};
}

/**
 * @param {() => void} work
 * @param {number} milliseconds
 * @returns {number} how often per second
 */
function rate(work, milliseconds = 300) {
	for (let warm = 0; warm < 20; warm++) work();
	const start = performance.now();
	let count = 0;
	while (performance.now() - start < milliseconds) {
		work();
		count++;
	}
	return Math.round((count / (performance.now() - start)) * 1000);
}

/**
 * Operations per second, one at a time on one thread: Ed25519, AES-256-GCM and SHA-256 over 300 bytes, and appending
 * 4 KiB to a file with fdatasync in the folder for temporary files.
 * @returns {Readonly<Record<string, number>>}
 */
export function calibrate() {
	const message = Buffer.alloc(300, 7);
	const key = Buffer.alloc(32, 1);
	const { privateKey, publicKey } = generateKeyPairSync("ed25519");
	const signature = sign(null, message, privateKey);
	const folder = mkdtempSync(join(tmpdir(), "mindoodb-calibrate-"));
	const file = openSync(join(folder, "file"), "a");
	const block = Buffer.alloc(4096, 3);
	try {
		return {
			signPerS: rate(() => sign(null, message, privateKey)),
			verifyPerS: rate(() => verify(null, message, publicKey, signature)),
			gcmPerS: rate(() => {
				const cipher = createCipheriv("aes-256-gcm", key, randomBytes(12));
				cipher.update(message);
				cipher.final();
				cipher.getAuthTag();
			}),
			sha256PerS: rate(() => createHash("sha256").update(message).digest()),
			syncedAppendsPerS: rate(() => {
				writeSync(file, block);
				fdatasyncSync(file);
			}),
		};
	} finally {
		closeSync(file);
		rmSync(folder, { recursive: true, force: true });
	}
}

/**
 * @param {string} folder
 * @returns {{ bytes: number, allocated: number, files: number }} lengths of all files, space taken on the disk, number
 */
export function diskUse(folder) {
	const use = { bytes: 0, allocated: 0, files: 0 };
	for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
		if (!entry.isFile()) continue;
		const { size, blocks } = statSync(join(entry.parentPath, entry.name));
		use.bytes += size;
		use.allocated += blocks * 512;
		use.files++;
	}
	return use;
}
