// What Evidence leaves out for readers who do not see the page or use no mouse: charts get a description in words, made by ECharts
// from their data, and tables that are wider than the page can be scrolled with the keyboard.
import { registerPreprocessor } from 'echarts';

registerPreprocessor((option) => {
	option.aria ??= { enabled: true };
});

/** Makes scrolling areas below `root` reachable by keyboard, now and as they come; gives the function that stops it. */
export function reachable(root) {
	const mark = () => {
		for (const area of root.querySelectorAll('article .scrollbox')) {
			const scrolls = area.scrollWidth > area.clientWidth;
			if (scrolls && !area.hasAttribute('tabindex')) area.tabIndex = 0;
		}
	};
	mark();
	const observer = new MutationObserver(mark);
	observer.observe(root, { childList: true, subtree: true });
	return () => observer.disconnect();
}
