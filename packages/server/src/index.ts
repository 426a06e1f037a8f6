/** What `mindoodb serve` listens on when it is told nothing. */
export const defaultPort = 7437;
