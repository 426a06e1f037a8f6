// A folder server whose limits let one client open thousands of sessions. Usage: node wide-server.mjs DIR
import { serverLogger, startFolderServer } from "@mindoodb/server";

const most = 10_000;
const { server, close } = await startFolderServer({
	dir: /** @type {string} */ (process.argv[2]),
	listen: { host: "127.0.0.1", port: 0 },
	policy: { kind: "open" },
	logger: serverLogger({ level: "warn" }),
	limits: { sessions: most, sessionsPerKey: most, sessionsPerAddress: most },
});
process.stdout.write(`${JSON.stringify({ address: server.address, publicKey: server.publicKey })}\n`);
process.once("SIGTERM", () => void close());
