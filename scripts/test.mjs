// npm test: installs what is missing, builds what is stale (the end-to-end tests drive the build), runs every test.
import { become, build, buildTestServer, install, jestArgs } from './workspace.mjs';

install();
build();
buildTestServer();
become(jestArgs(...process.argv.slice(2)));
