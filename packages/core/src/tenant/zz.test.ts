import { TenantFixture } from "@mindoodb/testing";
import { memoryStores, nodeEnv } from "mindoodb";
import { it } from "vitest";
it("t", async () => {
	const env = await nodeEnv();
	for (let i = 0; i < 4; i++) {
		let t = performance.now();
		const lap = (w: string) => { const n = performance.now(); console.log(w, (n - t).toFixed(0)); t = n; };
		const fixture = await TenantFixture.create({ env, newStores: (crypto) => memoryStores(crypto), seed: i * 100 });
		lap("create");
		const s = await fixture.stranger("bob");
		lap("stranger");
		await fixture.register(s);
		lap("register");
		await (await s.directory()).db.pullChangesFrom((await fixture.creator.directory()).store);
		lap("pull");
		const db = await fixture.creator.db();
		lap("opendb");
		await db.createDocuments(Array.from({length: 20}, (_, i) => ({ i })));
		lap("20 docs");
		await fixture.creator.level(s);
		lap("level");
	}
});
