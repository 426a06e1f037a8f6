/** For `vi.waitFor`: what comes at once on a quiet machine may take long on a busy one, and no test asserts time. */
export const patience = { timeout: 30_000, interval: 20 } as const;
