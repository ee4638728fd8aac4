// What the pages say of the feeds they are made of. `rows` are those of the query `feeds` (partials/feeds.md); `names` are
// feeds, separated by spaces.
const listFormat = new Intl.ListFormat('en', { type: 'conjunction' });

/** The feeds of `names`, or all where there are no names. */
export const among = (rows, names) => [...(rows ?? [])].filter((row) => !names || names.split(' ').includes(row.feed));

/** Names of the feeds of `names` without rows: whatever is made of them has no value. */
export const missing = (rows, names) => (names ? among(rows, names) : []).filter((row) => !row.rows_good).map((row) => row.feed);

export const listed = (names) => listFormat.format(names);
