// How old the data is by the reader's clock. A page may be read long after it was built, so this is never computed when it is.
import { readable } from 'svelte/store';

const HOUR = 3_600_000;

/** The reader's clock in milliseconds, once per minute; undefined while a page is prerendered. */
export const now = readable(undefined, (set) => {
	if (typeof window === 'undefined') return;
	set(Date.now());
	const timer = setInterval(() => set(Date.now()), 60_000);
	return () => clearInterval(timer);
});

/** Hours from a time, as '2026-11-28 19:00' in UTC, to the reader's clock. */
export const hoursSince = (text, clock) => (clock - Date.parse(`${text.slice(0, 16).replace(' ', 'T')}Z`)) / HOUR;

/** An age as people say it. The as-of time is the full hour after the newest event, so it may be up to an hour ahead. */
export function ago(hours) {
	if (hours < -1) return 'in the future by your clock';
	if (hours < 1) return 'less than an hour ago';
	if (hours < 48) return `${Math.floor(hours)} h ago`;
	return `${Math.floor(hours / 24)} days ago`;
}

/** Rows of the query `feeds` that have a limit, each with its age in hours and state: 'fresh', 'late', 'stale' or 'no data'. */
export const judged = (feeds, clock) =>
	[...(feeds ?? [])]
		.filter((feed) => feed.warn_after_hours || feed.error_after_hours)
		.map((feed) => {
			const age = feed.newest_event_at ? hoursSince(feed.newest_event_at, clock) : undefined;
			const over = (limit) => Boolean(limit) && age > limit;
			const state = age === undefined ? 'no data' : over(feed.error_after_hours) ? 'stale' : over(feed.warn_after_hours) ? 'late' : 'fresh';
			return { ...feed, age, state };
		});

/** The worst tone of judged feeds: 'bad', 'warn', 'good', or '' where none of them can be judged. */
export const worst = (rows) => {
	const states = new Set(rows.map((row) => row.state));
	return states.has('stale') ? 'bad' : states.has('late') ? 'warn' : states.has('fresh') ? 'good' : '';
};
