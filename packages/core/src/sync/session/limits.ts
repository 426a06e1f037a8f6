/** Bounds of one session; what goes beyond ends it, or waits. */
export interface SessionLimits {
	/** Payload bytes of a page that was asked for. @default 256 KiB */
	readonly pageBytes: number;
	/** Payload bytes of a page that is given without being asked for. @default 128 KiB */
	readonly announcedBytes: number;
	/** Announced bytes that wait here for their pull; what comes beyond is read again. @default 4 MiB */
	readonly waitingBytes: number;
	/** Requests of one side that are open at a time. @default 16 */
	readonly openRequests: number;
	/** Bytes that wait for the other side to read them; beyond that its requests and all announcements wait. @default 1 MiB */
	readonly outputBytes: number;
	/** Bytes of payloads that go out as Chunks; beyond that who asks for more waits. @default 1 MiB */
	readonly outgoingBytes: number;
	/** Stores of a session. @default 4,096 */
	readonly stores: number;
	/** Databases that are pulled from at a time. @default 4 */
	readonly pulls: number;
	/** Entries of the directory that are looked at for a key that it does not grant. @default 4,096 */
	readonly strangerEntries: number;
	/** Their bytes. @default 4 MiB */
	readonly strangerBytes: number;
	/** Silence after which the other side is asked whether it is there, milliseconds. @default 45,000 */
	readonly quiet: number;
	/** Silence after that which ends the session, milliseconds. @default 30,000 */
	readonly answer: number;
}

export const defaultLimits: SessionLimits = {
	pageBytes: 256 * 1024,
	announcedBytes: 128 * 1024,
	waitingBytes: 4 * 1024 * 1024,
	openRequests: 16,
	outputBytes: 1024 * 1024,
	outgoingBytes: 1024 * 1024,
	stores: 4096,
	pulls: 4,
	strangerEntries: 4096,
	strangerBytes: 4 * 1024 * 1024,
	quiet: 45_000,
	answer: 30_000,
};
