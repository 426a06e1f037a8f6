import { TenantFixture } from "@mindoodb/testing";
import { memoryStores, nodeEnv } from "mindoodb";
import { describe, expect, it } from "vitest";

const fixture = async () => TenantFixture.create({ env: await nodeEnv(), newStores: (crypto) => memoryStores(crypto) });

describe("free bytes under a key of the tenant", () => {
	it("another member with the key reads them, and nobody else", async () => {
		const tenant = await fixture();
		const bob = await tenant.member("bob");
		const relay = await tenant.relay();
		const plaintext = Uint8Array.of(1, 2, 3);
		const payload = await tenant.creator.tenant.encryptPayload(plaintext);
		expect(await bob.tenant.decryptPayload(payload)).toEqual(plaintext);
		await expect(relay.tenant.decryptPayload(payload)).rejects.toMatchObject({ code: "key-missing" });
		await tenant.close();
	});

	it("one changed byte, another key id, or a cut is refused", async () => {
		const tenant = await fixture();
		const { creator } = tenant;
		const payload = await creator.tenant.encryptPayload(new Uint8Array(20));
		for (const at of [0, 31, 32, 44, payload.length - 1]) {
			const altered = payload.slice();
			altered[at] = (altered[at] as number) ^ 1;
			await expect(creator.tenant.decryptPayload(altered)).rejects.toMatchObject({
				code: at < 32 ? "key-missing" : "key-mismatch",
			});
		}
		await expect(creator.tenant.decryptPayload(payload, "directory")).rejects.toMatchObject({ code: "key-missing" });
		await expect(creator.tenant.decryptPayload(payload.slice(0, 59))).rejects.toMatchObject({ code: "format" });
		await tenant.close();
	});
});
