import { testClock } from "@mindoodb/testing";
import { nodeCrypto } from "mindoodb";
import { describe, expect, it } from "vitest";
import { type Ticket, TicketBook, type TicketBookOptions } from "./ticket-book.js";

const random = nodeCrypto();
const holders = { ownKey: "aa", peer: "bb", tenantRoot: "11" };
const day = 24 * 60 * 60 * 1000;

function book(options?: TicketBookOptions) {
	const clock = testClock();
	return { clock, tickets: new TicketBook({ random, clock }, options) };
}

describe("a book of tickets", () => {
	it("draws ids of 16 and secrets of 32 bytes anew for each ticket, and gives each back once", () => {
		const { tickets } = book();
		const [first, second] = [tickets.issue(holders), tickets.issue(holders)];
		expect([first.id.length, first.secret.length]).toEqual([16, 32]);
		expect(first.id).not.toEqual(second.id);
		expect(first.secret).not.toEqual(second.secret);
		expect(tickets.redeem(first.id, "aa")).toEqual(first);
		expect(tickets.redeem(first.id, "aa")).toBeUndefined();
		expect(tickets.redeem(new Uint8Array(16), "aa")).toBeUndefined();
	});

	it("does not take what it issued for what it was given, nor the other way round", () => {
		const { tickets } = book();
		const issued = tickets.issue(holders);
		expect(tickets.recall("aa", "11", undefined)).toBeUndefined();
		const given: Ticket = { ...issued, id: new Uint8Array(16).fill(1) };
		tickets.remember(given);
		expect(tickets.redeem(given.id, "aa")).toBeUndefined();
		expect(tickets.recall("aa", "11", undefined)).toEqual(given);
	});

	it("recalls the newest of those that fit, each once", () => {
		const { tickets } = book();
		const given = ["bb", "cc", "bb"].map((peer, i): Ticket => {
			return { ...holders, peer, id: new Uint8Array(16).fill(i), secret: new Uint8Array(32).fill(i) };
		});
		for (const ticket of given) tickets.remember(ticket);
		expect(tickets.recall("aa", "11", ["cc"])).toEqual(given[1]);
		expect(tickets.recall("aa", "11", ["cc"])).toBeUndefined();
		expect(tickets.recall("aa", "22", ["bb"])).toBeUndefined();
		expect(tickets.recall("bb", "11", ["bb"])).toBeUndefined();
		expect(tickets.recall("aa", "11", undefined)).toEqual(given[2]);
		expect(tickets.recall("aa", "11", ["bb"])).toEqual(given[0]);
	});

	it("keeps a bounded number of each kind, the newest", () => {
		const { tickets } = book({ most: 3 });
		const issued = Array.from({ length: 5 }, () => tickets.issue(holders));
		expect(issued.map(({ id }) => tickets.redeem(id, "aa") !== undefined)).toEqual([false, false, true, true, true]);
		for (const ticket of issued) tickets.remember(ticket);
		const recalled = issued.map(() => tickets.recall("aa", "11", undefined));
		expect(recalled).toEqual([issued[4], issued[3], issued[2], undefined, undefined]);
	});

	it("lets tickets go after a day, and when the clock went back behind them", () => {
		const { tickets, clock } = book();
		const [first, second, third] = [tickets.issue(holders), tickets.issue(holders), tickets.issue(holders)];
		clock.advance(day - 1);
		expect(tickets.redeem(first.id, "aa")).toEqual(first);
		clock.advance(1);
		expect(tickets.redeem(second.id, "aa")).toBeUndefined();
		clock.set(clock.now() - 2 * day);
		expect(tickets.redeem(third.id, "aa")).toBeUndefined();
	});

	it("does not keep tickets of another shape", () => {
		const { tickets } = book();
		const good: Ticket = { ...holders, id: new Uint8Array(16), secret: new Uint8Array(32) };
		for (const bad of [{ id: new Uint8Array(15) }, { secret: new Uint8Array(31) }])
			tickets.remember({ ...good, ...bad });
		expect(tickets.recall("aa", "11", undefined)).toBeUndefined();
	});
});
