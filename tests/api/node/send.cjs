// Every kind of call, then a graceful end: what arrives is checked by test_sdks.py.
const { Analytics } = require("@segment/analytics-node");
const { host, writeKey, order, at } = JSON.parse(process.argv[2]);
const analytics = new Analytics({ host, writeKey, maxRetries: 0 });
analytics.on("error", (error) => {
  console.error(error);
  process.exitCode = 1;
});
const common = { userId: "u-1", timestamp: at };
analytics.track({ ...common, event: "Order Completed", properties: order, messageId: "m-track" });
analytics.identify({ ...common, traits: { city: "杭州" }, messageId: "m-identify" });
analytics.page({ ...common, name: "Home", properties: { url: "/" }, messageId: "m-page" });
analytics.screen({ ...common, name: "Home", messageId: "m-screen" });
analytics.group({ ...common, groupId: "g-1", traits: { size: 2 }, messageId: "m-group" });
analytics.alias({ ...common, previousId: "old-1", messageId: "m-alias" });
analytics.track({ anonymousId: "a-1", timestamp: at, event: "Song Played", messageId: "m-song" });
analytics.closeAndFlush();
