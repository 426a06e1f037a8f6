import type { Env } from "../../env.js";
import { UsageError } from "../../errors.js";
import type { UnlockedUser } from "../../keys/user-id.js";
import { openChannel } from "../../sync/channel/open-channel.js";
import { createChannelIdentity } from "../../sync/channel/proof.js";
import { transportTo } from "../../sync/connecting/transport-to.js";
import { askToKeep } from "../../sync/greeting/greeting.js";
import type { Transport } from "../../transport.js";
import type { AdministratorOptions } from "../directory-context.js";
import type { ServerDescription } from "./ask-server.js";

export interface JoinServerOptions extends AdministratorOptions {
	/** The server's public signing key as its operator tells it, hex: nobody else is spoken with. */
	readonly serverKey: string;
	/** Where members reach it. @default the address that is given as target */
	readonly addresses?: readonly string[];
	/** 16 to 64 bytes, where the operator gives them out. */
	readonly invitation?: Uint8Array;
	readonly signal?: AbortSignal;
}

export interface JoinServerParts {
	readonly env: Env;
	/** Hex. */
	readonly tenantRoot: string;
	readonly user: UnlockedUser | undefined;
	/** Makes the request that the administration key signs. */
	readonly ask: (server: ServerDescription) => Promise<Uint8Array>;
}

/** Asks a server to keep the tenant. @returns the server as the directory is to name it. */
export async function askAtServer(
	{ env, tenantRoot, user, ask }: JoinServerParts,
	target: string | Transport,
	{ serverKey, addresses = typeof target === "string" ? [target] : [], signal }: JoinServerOptions,
): Promise<ServerDescription> {
	if (user === undefined) throw new UsageError("server: this replica has no user that could say who it is");
	const signingKey = serverKey.toLowerCase();
	const transport = typeof target === "string" ? transportTo(env, target) : target;
	const connecting = signal === undefined ? {} : { signal };
	const channel = await openChannel(await transport.connect(connecting), {
		...connecting,
		role: "initiator",
		env,
		identity: await createChannelIdentity(env, user.signingKey),
		tenantRoot,
		expect: [signingKey],
	});
	try {
		let server: ServerDescription | undefined;
		const rest = await askToKeep(channel, async (encryptionKey) => {
			server = { signingKey, encryptionKey, addresses };
			return ask(server);
		});
		await rest.close();
		return server as unknown as ServerDescription;
	} finally {
		channel.abort();
	}
}
