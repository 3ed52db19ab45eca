// Firefox, through WebDriver BiDi: the page opens, a drag and a drawing change images, and an address brings back what
// was shown. tests/test_firefox.py runs it: node tests/firefox.mjs URL FIREFOX. It prints each step, and exits with 1
// and the reason at the first that fails.
import puppeteer from "puppeteer-core";

const [url, firefox] = process.argv.slice(2);
const TIMEOUT = 60_000;
const MAP = "#vae-map .ll-pad";
const MEAN = "#vae-map-results canvas[data-slot=mean]";
const CANVAS = "#vae-map-canvas-0 .ll-draw";
const OWN = "#vae-map-results canvas[data-slot=own]";

const browser = await puppeteer.launch({ browser: "firefox", executablePath: firefox, headless: true });
let page;
let start; // what the map says where it begins
const errors = [];

async function visit(address) {
  await page?.close(); // a page that is open would only change its hash
  page = await browser.newPage();
  page.setDefaultTimeout(TIMEOUT);
  page.on("pageerror", (error) => errors.push(error.message));
  await page.setViewport({ width: 1280, height: 1200 });
  await page.goto(`${url}#${address}`);
  await page.waitForSelector(MAP, { visible: true });
}

/** What `act` does changes a canvas that shows something. */
async function changes(canvas, act) {
  const pixels = (selector) => document.querySelector(selector)?.toDataURL();
  const painted = (selector) => {
    const shown = document.querySelector(selector);
    return shown?.width > 20 && new Set(shown.getContext("2d").getImageData(0, 0, 20, 20).data).size > 1;
  };
  await page.waitForFunction(painted, {}, canvas);
  await new Promise((resolve) => setTimeout(resolve, 300)); // the first image may be asked for twice
  const before = await page.evaluate(pixels, canvas);
  await act();
  await page.waitForFunction(
    (selector, old) => document.querySelector(selector).toDataURL() !== old,
    {},
    canvas,
    before,
  );
}

async function drag(selector, from, to) {
  const element = await page.waitForSelector(selector, { visible: true });
  await element.scrollIntoView();
  const { x, y, width, height } = await element.boundingBox();
  await page.mouse.move(x + from[0] * width, y + from[1] * height);
  await page.mouse.down();
  await page.mouse.move(x + to[0] * width, y + to[1] * height, { steps: 8 });
  await page.mouse.up();
}

const where = () => page.$eval("#vae-map .ll-where", (node) => node.textContent);
const says = (text) =>
  page.waitForFunction((wanted) => document.querySelector("#vae-map .ll-where")?.textContent === wanted, {}, text);

const STEPS = {
  async "the page opens and a drag changes the image"() {
    await visit("vae/map");
    await page.waitForFunction(() => document.querySelector("#vae-map .ll-where")?.textContent);
    start = await where();
    await changes(MEAN, () => drag(MAP, [0.2, 0.3], [0.8, 0.7]));
  },
  async "a drawing is encoded"() {
    await changes(OWN, () => drag(CANVAS, [0.3, 0.2], [0.6, 0.8]));
  },
  async "a link, a reload and Back bring back where the dot was"() {
    await visit("vae/map?z=1.8,-1.2");
    await says("z₁ 1.80, z₂ −1.20");
    await page.reload();
    await says("z₁ 1.80, z₂ −1.20");
    await page.evaluate("location.hash = '#vae/map'");
    await says(start);
    await page.goBack();
    await says("z₁ 1.80, z₂ −1.20");
  },
};

try {
  for (const [step, run] of Object.entries(STEPS)) {
    await run().catch(async (error) => {
      throw new Error(`${step}: ${error.message} (the dot is at ${await where().catch(() => "no place")})`);
    });
    console.log(step);
  }
  if (errors.length) throw new Error(errors.join("\n"));
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
} finally {
  await browser.close();
}
