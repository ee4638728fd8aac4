// The version names the build, not the clock: the same build gives the same file names, and an open page notices a
// new one.
export default { kit: { version: { name: process.env.SENTINEL_BUILD_ID ?? 'development' } } };
