import type { SigningKey } from "../../crypto/crypto.js";
import type { Transport } from "../../transport.js";
import type { AdministratorOptions, DirectoryContext } from "../directory-context.js";
import type { WriteForms } from "../directory-keys.js";
import { makeTenantRequest, type ServerDescription, serverForm } from "./ask-server.js";
import { askAtServer, type JoinServerOptions } from "./join-server.js";

/** What the calls about servers work with. */
export interface ServingContext extends DirectoryContext {
	/** @throws {UsageError} `not-administrator`. @throws {KeyError} `password`. */
	readonly signingKey: (options: AdministratorOptions) => Promise<SigningKey>;
	/** @throws as `signingKey`. */
	readonly writing: (options: AdministratorOptions) => Promise<WriteForms>;
}

/** The calls of a directory about the tenant's sync servers. */
export abstract class ServerCalls {
	protected abstract get serving(): ServingContext;

	/**
	 * Names a sync server: members accept it at its addresses, and it gets the key `directory`, with which it knows who is a member.
	 * @throws {UsageError} `not-administrator`.
	 */
	async addServer(server: ServerDescription, options: AdministratorOptions = {}): Promise<void> {
		const { env, keys, writing } = this.serving;
		await keys.admit(serverForm(env.crypto, server), await writing(options));
	}

	/**
	 * What asks a server to keep this tenant: to be handed to it through a channel to its key.
	 * @param options `administrator`: the administration key; `invitation`: 16 to 64 bytes, where the operator gives them out.
	 * @throws {UsageError} `not-administrator`. @throws {KeyError} without the key `directory`.
	 */
	async askServer(
		server: ServerDescription,
		{ invitation, ...options }: AdministratorOptions & { readonly invitation?: Uint8Array },
	): Promise<Uint8Array> {
		const { env, identity, keyBag, log, signingKey: unlock } = this.serving;
		const signingKey = await unlock(options);
		return makeTenantRequest({ env, identity, keyBag, state: log.state }, server, { signingKey, invitation });
	}

	/**
	 * Brings the tenant to a sync server: asks it there to keep the tenant, then names it in the directory. Calling it again does no harm.
	 * @param target its address, or a way to it. @throws {VerifyError} when another key answers, or the server refuses.
	 * @throws {UsageError} `not-administrator`. @throws {TransportError}
	 */
	async joinServer(target: string | Transport, options: JoinServerOptions): Promise<void> {
		const { env, identity, user } = this.serving;
		const ask = (server: ServerDescription) => this.askServer(server, options);
		const { tenantRoot } = identity;
		await this.addServer(await askAtServer({ env, tenantRoot, user, ask }, target, options), options);
	}
}
