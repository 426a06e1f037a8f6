#!/usr/bin/env node
// Stands outside dist, so that npm finds it and links the command before anything is built.
import "../dist/main.js";
