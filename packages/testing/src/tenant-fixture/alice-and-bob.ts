import type { MindooDB } from "@mindoodb/core";
import { TenantFixture, type TenantFixtureOptions, type TestReplica } from "./tenant-fixture.js";

/** The tenant that most tests begin with. */
export interface AliceAndBob {
	readonly fixture: TenantFixture;
	/** Made the tenant. */
	readonly alice: TestReplica;
	/** A member, level with Alice's directory. */
	readonly bob: TestReplica;
	/** The database "notes" at Alice's. */
	readonly notes: MindooDB;
}

/** @param options `member`: another name for Bob. */
export async function aliceAndBob(options: TenantFixtureOptions & { readonly member?: string }): Promise<AliceAndBob> {
	const { member = "bob", ...rest } = options;
	const fixture = await TenantFixture.create({ creator: "alice", ...rest });
	const bob = await fixture.member(member);
	return { fixture, alice: fixture.creator, bob, notes: await fixture.creator.db() };
}
