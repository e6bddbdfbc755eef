// Answers simulations with iam-simulate: one JSON object a line in, one a line out, in the same order.
//
//   in   {"simulation": {…}}      the Simulation of the package's own interface
//   out  {"result": "Allowed" | "ImplicitlyDenied" | "ExplicitlyDenied", "ignored": ["…"]}
//        {"error": {…}}           the simulation could not be run
//
// "ignored" are keys of the context that the package left out before it looked at any policy: an answer with ignored
// keys is the answer to another question.

import { createInterface } from 'node:readline'
import { once } from 'node:events'
import { runSimulation } from '@cloud-copilot/iam-simulate'

async function answer({ simulation }) {
  try {
    const run = await runSimulation(simulation, { simulationMode: 'Strict' })
    if (run.resultType !== 'single') return { error: run.errors ?? { message: run.resultType } }
    return { result: run.overallResult, ignored: run.result.ignoredContextKeys ?? [] }
  } catch (error) {
    return { error: { message: String(error) } }
  }
}

for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
  if (line === '') continue
  const text = JSON.stringify(await answer(JSON.parse(line))) + '\n'
  if (!process.stdout.write(text)) await once(process.stdout, 'drain')
}
