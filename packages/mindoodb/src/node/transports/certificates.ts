import type { SecureContextOptions } from "node:tls";

/** Chain and private key of a server, PEM. */
export interface Certificate {
	readonly cert: string | Uint8Array;
	readonly key: string | Uint8Array;
}

/** For the platform, which takes texts and its own buffers. */
export function secureContextOf({ cert, key }: Certificate): SecureContextOptions {
	return { cert: Buffer.from(cert), key: Buffer.from(key), minVersion: "TLSv1.2" };
}
