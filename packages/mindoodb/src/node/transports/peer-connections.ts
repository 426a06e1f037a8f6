import { UsageError } from "@mindoodb/core";
import type { IceServer, PeerConnection, PeerConnections } from "../../shared/transports/web-rtc/peer-connection.js";

/**
 * WebRTC on Node, by the package `node-datachannel`, which a program that wants it installs beside.
 * @throws {UsageError} when it is not installed.
 */
export async function nodePeerConnections({
	iceServers = [],
}: {
	readonly iceServers?: readonly IceServer[];
} = {}): Promise<PeerConnections> {
	const { RTCPeerConnection } = await load();
	const servers = iceServers.map(({ urls, ...access }) => ({ urls: [...urls], ...access }));
	// It declares the DOM's types, and keeps the part of them that the port names.
	return () => new RTCPeerConnection({ iceServers: servers }) as unknown as PeerConnection;
}

async function load() {
	try {
		return await import("node-datachannel/polyfill");
	} catch (cause) {
		throw new UsageError("webrtc: expected the package node-datachannel to be installed", { cause });
	}
}
