import { mkdtemp, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** An object store of a test that speaks the S3 protocol, on a loopback port that was free. It does not check signatures. */
export interface TestObjects {
	/** Where to keep objects; what lies under another prefix is not seen. */
	place(prefix: string): {
		readonly endpoint: string;
		readonly region: string;
		readonly bucket: string;
		readonly prefix: string;
		readonly accessKeyId: string;
		readonly secretAccessKey: string;
	};
	/** Stops it and takes its files away. */
	stop(): Promise<void>;
}

interface S3rver {
	run(): Promise<{ readonly port: number }>;
	close(): Promise<void>;
}

const bucket = "mindoodb";

/** Starts an object store from the package `s3rver`. @throws {Error} when it does not start: a test that needs it fails. */
export async function startTestObjects(): Promise<TestObjects> {
	// It has no types of its own.
	const Server = createRequire(import.meta.url)("s3rver") as new (options: object) => S3rver;
	const directory = await mkdtemp(join(tmpdir(), "mindoodb-objects-"));
	const options = { address: "127.0.0.1", port: 0, silent: true, directory, configureBuckets: [{ name: bucket }] };
	const server = new Server({ ...options, allowMismatchedSignatures: true });
	const { port } = await server.run();
	return {
		place: (prefix) => ({
			endpoint: `http://127.0.0.1:${port}`,
			region: "us-east-1",
			bucket,
			prefix: `${prefix}/`,
			accessKeyId: "S3RVER",
			secretAccessKey: "S3RVER",
		}),
		async stop() {
			await server.close();
			await rm(directory, { recursive: true, force: true });
		},
	};
}
