import { expect, test } from "vitest";
import { hashOf, keyOf } from "./directory-example.test.js";
import { type DirectoryVerdict, pendingTrust } from "./trust-verdict.js";
import { describeKey, describeTrust, keyFingerprint } from "./words.js";

const by = hashOf("by");
const reasons = [
	"not-granted",
	"revoked-before",
	"revoked",
	"not-administrator",
	"administrator-revoked-before",
	"administrator-revoked",
	"form",
	"malformed",
	"dependency",
] as const;
const verdicts: DirectoryVerdict[] = [
	{ verdict: "accepted" },
	{ verdict: "locked", commitment: hashOf("c") },
	{ verdict: "unsupported" },
	{ verdict: "pending-key", commitment: hashOf("c") },
	{ verdict: "pending-dependency", missing: [hashOf("d")] },
	{ verdict: "pending-dependency", missing: [hashOf("d"), hashOf("e")] },
	pendingTrust({}),
	pendingTrust({ missingDirectory: [hashOf("d")] }),
	pendingTrust({ missingLinks: [hashOf("d"), hashOf("e")] }),
	pendingTrust({ lockedDirectory: [hashOf("d")], missingLinks: [hashOf("f")] }),
	...reasons.map((reason) => ({ verdict: "refused", rule: 2, reason, by }) as const),
];

test("every verdict has one sentence of its own", () => {
	const sentences = verdicts.map((verdict) => describeTrust(verdict, keyOf("mia")));
	for (const sentence of sentences)
		expect(sentence).toMatch(/^(Accepted|Locked|Unsupported|Pending|Refused): [^.]+\.$/);
	expect(new Set(sentences).size).toBe(verdicts.length);
});

test("a revocation and an author are named by hash and fingerprint", () => {
	const sentence = describeTrust({ verdict: "refused", rule: 4, reason: "revoked", by }, keyOf("mia"));
	expect(sentence).toContain(by);
	expect(sentence).toContain(keyFingerprint(keyOf("mia")));
	expect(sentence).not.toContain(keyOf("mia"));
});

test("long lists are cut", () => {
	const missing = Array.from({ length: 1_000 }, (_, i) => hashOf(String(i)));
	const sentence = describeTrust(pendingTrust({ missingDirectory: missing }));
	expect(sentence).toContain("1000 directory entries");
	expect(sentence.length).toBeLessThan(500);
});

test("keys have sentences too", () => {
	expect(describeKey({ verdict: "accepted" })).toContain("may be used");
	expect(describeKey({ verdict: "pending", keyId: "default", commitment: by })).toContain(by);
});
