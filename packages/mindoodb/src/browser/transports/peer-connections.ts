import type { IceServer, PeerConnections } from "../../shared/transports/web-rtc/peer-connection.js";

/** WebRTC of the browser. */
export function browserPeerConnections({
	iceServers = [],
}: {
	readonly iceServers?: readonly IceServer[];
} = {}): PeerConnections {
	const servers = iceServers.map(({ urls, ...access }) => ({ urls: [...urls], ...access }));
	return () => new RTCPeerConnection({ iceServers: servers });
}
