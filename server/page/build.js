// Builds the page: index.html, app.js and app.css, which the binary holds. `npm ci && npm run build` gives the same bytes.

import { copyFileSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { build } from "esbuild";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

// What is in the files besides our own code, with the licences that ask to be kept.
const licence = (name) => {
  const { version } = JSON.parse(readFileSync(here(`node_modules/${name}/package.json`), "utf8"));
  return `${name} ${version}\n\n${readFileSync(here(`node_modules/${name}/LICENSE`), "utf8").trim()}`;
};
const comment = (names) => `/*! ${names.map(licence).join("\n\n").replaceAll("*/", "* /")} */`;

await build({
  entryPoints: [{ in: here("src/app.jsx"), out: "app" }, { in: here("src/style.css"), out: "app" }],
  outdir: here("."),
  bundle: true,
  minify: true,
  format: "esm",
  target: ["es2023", "chrome110", "firefox115", "safari16.4"],
  jsx: "automatic",
  jsxImportSource: "preact",
  charset: "utf8",
  legalComments: "none",
  banner: { js: comment(["preact", "uplot"]), css: comment(["uplot"]) },
  logLevel: "warning",
});
copyFileSync(here("src/index.html"), here("index.html"));
