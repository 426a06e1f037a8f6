import type { Rate } from "./token-bucket.js";

/** What a server gives to one client, one address, one tenant, and all of them. */
export interface ServerLimits {
	/** Sessions of all clients. @default 4096 */
	readonly sessions: number;
	/** Sessions under one signing key: a member's devices. @default 32 */
	readonly sessionsPerKey: number;
	/** Sessions and handshakes from one address: an IPv4 address, or the first 64 bits of an IPv6 address. @default 256 */
	readonly sessionsPerAddress: number;
	/** Bytes that one key sends. @default 64 MiB a second, 256 MiB at once */
	readonly bytes: Rate;
	/** Entries that one key offers. @default 20,000 a second, 100,000 at once */
	readonly entries: Rate;
	/** Short-lived messages of one session, such as cursor positions; what goes beyond is dropped. @default 50 a second, 100 at once */
	readonly presence: Rate;
	/** Stored bytes of a tenant; its directory is taken beyond. @default 16 GiB */
	readonly bytesPerTenant: number;
	/** Databases of a tenant. @default 256 */
	readonly databasesPerTenant: number;
	/** Milliseconds until both sides have proved their keys. @default 10,000 */
	readonly handshakeTime: number;
	/** Milliseconds in which the other side has to send something, an answer to a ping at least. @default 120,000 */
	readonly idleTime: number;
	/** Milliseconds in which the other side has to read what it is sent. @default 60,000 */
	readonly stalledTime: number;
	/** Milliseconds that sessions have to come to an end at shutdown. @default 10,000 */
	readonly shutdownTime: number;
}

const mebibyte = 1024 * 1024;

export const defaultServerLimits: ServerLimits = {
	sessions: 4096,
	sessionsPerKey: 32,
	sessionsPerAddress: 256,
	bytes: { perSecond: 64 * mebibyte, burst: 256 * mebibyte },
	entries: { perSecond: 20_000, burst: 100_000 },
	presence: { perSecond: 50, burst: 100 },
	bytesPerTenant: 16 * 1024 * mebibyte,
	databasesPerTenant: 256,
	handshakeTime: 10_000,
	idleTime: 120_000,
	stalledTime: 60_000,
	shutdownTime: 10_000,
};
