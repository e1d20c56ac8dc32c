/** The public surface of `fantrace/sim`: simulated networks, to test what measures real ones. */

export type { JsonSchema } from '../lib/json-schema.ts';
export type { LinkCounters, PacketArena, PacketLink, SendReport } from '../model/packet-link.ts';
export { ScenarioError } from './json-fields.ts';
export {
  answeringAddresses,
  type NetworkPlan,
  nodeOfAddress,
  type PlannedLink,
  type PlannedRouter,
  planNetwork,
} from './network-plan.ts';
export { parseScenario, scenarioSchema } from './scenario.ts';
export type { Place, Scenario, TrueVerdict, Truth } from './scenario-model.ts';
export { SimulatedLink, type SimulatedLinkCounters } from './simulated-link.ts';
export {
  type ProbeAnswer,
  type ProbeOptions,
  SimulatedNetwork,
  type SimulateOptions,
  simulate,
} from './simulated-network.ts';
