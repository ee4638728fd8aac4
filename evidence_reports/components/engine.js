// DuckDB in the browser: 8 MB over the wire. It is opened by the first query that was not prerendered, which a filter asks.
import { writable } from 'svelte/store';

/** 'closed', 'opening', 'open' or 'failed'. */
export const engine = writable('closed');
