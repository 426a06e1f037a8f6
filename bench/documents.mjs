// The documents that all loads use: ten fields, about 300 bytes as JSON.

/**
 * @param {number} index the same index gives the same document
 */
export const contact = (index) => ({
	type: "contact",
	no: index,
	name: `Person number ${index} of the list`,
	email: `person.${index}@example.com`,
	street: `${index} Long Example Street, building ${index % 17}`,
	city: ["Berlin", "Paris", "Rome", "Oslo"][index % 4],
	phone: `+49 30 ${100_000 + index}`,
	active: index % 3 === 0,
	score: (index * 7919) % 1000,
	note: "lorem ipsum dolor sit amet consectetur adipiscing elit".slice(0, 40 + (index % 14)),
});
