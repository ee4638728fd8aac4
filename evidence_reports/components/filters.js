// Filters are in the address (?site=SITE-004), so that a link, a reload and Back show what the reader saw. What was chosen is kept
// for the next page, whose links do not have it.
import { replaceState } from '$app/navigation';

const kept = new Map();

/** The choice in the address, else the one kept from the page before; undefined for none. */
export const chosen = (name) => new URL(window.location.href).searchParams.get(name) ?? kept.get(name);

/** Keeps a choice and writes it to the address; undefined removes it. */
export function keep(name, choice) {
	const url = new URL(window.location.href);
	if (choice === undefined) {
		kept.delete(name);
		url.searchParams.delete(name);
	} else {
		kept.set(name, choice);
		url.searchParams.set(name, choice);
	}
	if (url.href === window.location.href) return;
	try {
		replaceState(url, {});
	} catch {
		// On a first visit, before SvelteKit has started. It is tried again when it has.
	}
}
