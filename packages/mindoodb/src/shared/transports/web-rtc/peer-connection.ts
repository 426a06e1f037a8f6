/** The part of the platform's `RTCPeerConnection` that is used (W3C WebRTC 1.0 §4.4); browsers have it, Node by `node-datachannel`. */
export interface PeerConnection {
	readonly connectionState: string;
	createDataChannel(label: string): DataChannel;
	createOffer(): Promise<Description>;
	createAnswer(): Promise<Description>;
	setLocalDescription(description: Description): Promise<void>;
	setRemoteDescription(description: Description): Promise<void>;
	addIceCandidate(candidate: Candidate): Promise<void>;
	addEventListener(
		type: "icecandidate" | "datachannel" | "connectionstatechange",
		listener: (event: unknown) => void,
	): void;
	close(): void;
}

export interface Description {
	readonly type: "offer" | "answer" | "pranswer" | "rollback";
	readonly sdp?: string;
}

export interface Candidate {
	readonly candidate: string;
	readonly sdpMid: string | null;
	readonly sdpMLineIndex: number | null;
}

/** The part of `RTCDataChannel` that is used (§6.2). */
export interface DataChannel {
	binaryType: "arraybuffer" | "blob";
	readonly readyState: string;
	send(data: string): void;
	send(data: Uint8Array<ArrayBuffer>): void;
	addEventListener(type: "open" | "message" | "close" | "error", listener: (event: unknown) => void): void;
	close(): void;
}

/** Makes a connection of its own at each call. */
export type PeerConnections = () => PeerConnection;

/** Servers that help two sides to find a way to each other. */
export interface IceServer {
	readonly urls: readonly string[];
	readonly username?: string;
	readonly credential?: string;
}
