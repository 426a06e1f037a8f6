/** Published figures for X25519, in hex. */

/** RFC 7748: §5.2, and both sides of §6.1. */
export const rfc7748 = [
	{
		name: "§5.2, first",
		privateKey: "a046e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449a44",
		publicKey: "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
		shared: "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552",
	},
	{
		name: "§5.2, second",
		privateKey: "4866e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba4d",
		publicKey: "e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a413",
		shared: "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957",
	},
	{
		name: "§6.1, Alice",
		privateKey: "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a",
		publicKey: "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f",
		shared: "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742",
	},
	{
		name: "§6.1, Bob",
		privateKey: "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb",
		publicKey: "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a",
		shared: "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742",
	},
];

/** Wycheproof (C2SP/wycheproof, Apache-2.0), `x25519_test.json`, by `tcId`. */
export const wycheproofX25519 = [
	{
		name: "2: public key on the twist",
		privateKey: "d85d8c061a50804ac488ad774ac716c3f5ba714b2712e048491379a500211958",
		publicKey: "63aa40c6e38346c5caf23a6df0a5e6c80889a08647e551b3563449befcfc9733",
		shared: "279df67a7c4611db4708a0e8282b195e5ac0ed6f4b2f292c6fbd0acac30d1332",
	},
	{
		name: "7: public key 2, on the twist",
		privateKey: "d03edde9f3e7b799045f9ac3793d4a9277dadeadc41bec0290f81f744f73775f",
		publicKey: "0200000000000000000000000000000000000000000000000000000000000000",
		shared: "b87a1722cc6c1e2feecb54e97abd5a22acc27616f78f6e315fd2b73d9f221e57",
	},
	{
		name: "34: public key 4",
		privateKey: "a8386f7f16c50731d64f82e6a170b142a4e34f31fd7768fcb8902925e7d1e25a",
		publicKey: "0400000000000000000000000000000000000000000000000000000000000000",
		shared: "34b7e4fa53264420d9f943d15513902342b386b172a0b0b7c8b8f2dd3d669f59",
	},
	{
		name: "87: public key above p, on the twist",
		privateKey: "0016b62af5cabde8c40938ebf2108e05d27fa0533ed85d70015ad4ad39762d54",
		publicKey: "efffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		shared: "b4d10e832714972f96bd3382e4d082a21a8333a16315b3ffb536061d2482360d",
	},
	{
		name: "89: public key above p",
		privateKey: "88dd14e2711ebd0b0026c651264ca965e7e3da5082789fbab7e24425e7b4377e",
		publicKey: "f1ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		shared: "6919992d6a591e77b3f2bacbd74caf3aea4be4802b18b2bc07eb09ade3ad6662",
	},
	{
		name: "95: public key with the highest bit set",
		privateKey: "c8e0330ae9dceeff887fba761225879a4bd2e0db08799244136e4721b2c88970",
		publicKey: "dbffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
		shared: "dfe60831c9f4f96c816e51048804dbdc27795d760eced75ef575cbe3b464054b",
	},
	{
		name: "103: shared secret 2, on the twist",
		privateKey: "60a3a4f130b98a5be4b1cedb7cb85584a3520e142d474dc9ccb909a073a9767f",
		publicKey: "b7b6d39c765cb60c0c8542f4f3952ffb51d3002d4aeb9f8ff988b192043e6d0a",
		shared: "0200000000000000000000000000000000000000000000000000000000000000",
	},
	{
		name: "104: shared secret 9",
		privateKey: "60a3a4f130b98a5be4b1cedb7cb85584a3520e142d474dc9ccb909a073a9767f",
		publicKey: "3b18df1e50b899ebd588c3161cbd3bf98ebcc2c1f7df53b811bd0e91b4d5153d",
		shared: "0900000000000000000000000000000000000000000000000000000000000000",
	},
	{
		name: "120: edge case in the multiplication",
		privateKey: "0840a8af5bc4c48da8850e973d7e14220f45c192cea4020d377eecd25c7c3643",
		publicKey: "1200000000000000000000000000000000000000000000000000000000000000",
		shared: "77557137a2a2a651c49627a9b239ac1f2bf78b8a3e72168ccecc10a51fc5ae66",
	},
	{
		name: "511: private key -1 modulo the order",
		privateKey: "a023cdd083ef5bb82f10d62e59e15a6800000000000000000000000000000050",
		publicKey: "6c05871352a451dbe182ed5e6ba554f2034456ffe041a054ff9cc56b8e946376",
		shared: "6c05871352a451dbe182ed5e6ba554f2034456ffe041a054ff9cc56b8e946376",
	},
];

/** Wycheproof's public keys of small order, under which every private key comes to zero. */
export const smallOrderX25519 = [
	{
		name: "32: 0",
		privateKey: "88227494038f2bb811d47805bcdf04a2ac585ada7f2f23389bfd4658f9ddd45e",
		publicKey: "0000000000000000000000000000000000000000000000000000000000000000",
	},
	{
		name: "63: order 8",
		privateKey: "e0f978dfcd3a8f1a5093418de54136a584c20b7b349afdf6c0520886f95b1272",
		publicKey: "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
	},
	{
		name: "65: p - 1, on the twist",
		privateKey: "c8fe0df92ae68a03023fc0c9adb9557d31be7feed0d3ab36c558143daf4dbb40",
		publicKey: "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	},
	{
		name: "66: order 8, highest bit set",
		privateKey: "c8d74acde5934e64b9895d5ff7afbffd7f704f7dfccff7ac28fa62a1e6410347",
		publicKey: "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b880",
	},
	{
		name: "68: p - 1, highest bit set",
		privateKey: "2064b2f4c9dc97ec7cf58932fdfa3265ba6ea4d11f0259b8efc8afb35db88c48",
		publicKey: "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
	},
	{
		name: "71: p - 1",
		privateKey: "786a33a4f7af297a20e7642925932bf509e7070fa1bc36986af1eb13f4f50b55",
		publicKey: "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	},
	{
		name: "84: 0, highest bit set",
		privateKey: "7887889bac4c629a101d3724f2ed8b98d936fde79e1a1f77d86779626bf8f263",
		publicKey: "0000000000000000000000000000000000000000000000000000000000000080",
	},
];
