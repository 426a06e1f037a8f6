import { type Crypto, equalSecrets, fromHex, type TenantRequest, toHex } from "mindoodb";
import type { TenantRegistry } from "./tenant-registry.js";

/** Whose tenants a server takes. */
export type AdmissionPolicy =
	/** Anybody's. */
	| { readonly kind: "open" }
	/** Those whose administration key or tenantRoot is listed, hex. */
	| { readonly kind: "allow"; readonly allowed: readonly string[] }
	/** Those who bring an invitation that nobody has used. */
	| { readonly kind: "invitation" };

export const policyKinds = ["open", "allow", "invitation"] as const satisfies readonly AdmissionPolicy["kind"][];

export interface PolicyContext {
	readonly crypto: Crypto;
	readonly registry: TenantRegistry;
}

/** Whether a tenant that is not here yet may come. An invitation is used up by that, for this tenant. */
export async function admits(
	policy: AdmissionPolicy,
	request: TenantRequest,
	{ crypto, registry }: PolicyContext,
): Promise<boolean> {
	const { identity, invitation } = request;
	switch (policy.kind) {
		case "open":
			return true;
		case "allow":
			return policy.allowed.includes(identity.tenantRoot) || policy.allowed.includes(identity.administrationKey);
		case "invitation": {
			if (invitation === undefined) return false;
			const hash = await crypto.sha256(invitation);
			// All of them are looked at, so that the time tells nothing of where one that is like it stands.
			const known = [...(await registry.invitations()).keys()].filter((each) => equalSecrets(fromHex(each, 32), hash));
			return known.length > 0 && (await registry.use(toHex(hash), identity.tenantRoot));
		}
	}
}

/** Makes an invitation: 32 random bytes, of which the server keeps the hash alone. */
export async function makeInvitation({ crypto, registry }: PolicyContext): Promise<Uint8Array> {
	const invitation = crypto.randomBytes(32);
	await registry.invite(toHex(await crypto.sha256(invitation)));
	return invitation;
}
