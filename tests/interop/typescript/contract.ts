// The shapes of the REST contract, as a frontend would write them down.

export type Severity = "LOW" | "MEDIUM" | "HIGH" | "CRITICAL";
export type Status = "ACTIVE" | "INVESTIGATING" | "RESOLVED" | "FALSE_POSITIVE";
export type Decision = "FRAUD" | "LEGITIMATE" | "REVIEW";
export type FeedbackDecision = "FRAUD" | "FALSE_POSITIVE";
export type EntityType = "USER" | "ACCOUNT" | "TRANSACTION" | "DEVICE" | "MERCHANT" | "INSTRUMENT";
export type RiskLevel = "MINIMAL" | "LOW" | "MEDIUM" | "HIGH" | "VERY_HIGH";
export type Range = "24h" | "7d" | "30d" | "90d" | "all";

export interface Envelope<T> {
  data: T;
}

export interface Pagination {
  page: number;
  limit: number;
  total_pages: number;
  total_records: number;
  has_next: boolean;
  has_previous: boolean;
  next_cursor?: string | null;
}

export interface Page<T> extends Envelope<T[]> {
  pagination: Pagination;
}

export interface ErrorBody {
  error_code: string;
  message: string;
  details: Record<string, unknown> | null;
  request_id: string;
}

export interface DetectorScores {
  statistical: number;
  behavioral: number;
  ml: number | null;
}

export interface EvaluateRequest {
  transaction_id: string;
  amount: number;
  timestamp: string;
  source_account: string;
  destination_account: string;
  entity_id: string;
  entity_type: EntityType;
  currency?: string;
  channel?: string;
  ip_address?: string;
  device_fingerprint?: string;
  geo_country?: string;
  latitude?: number;
  longitude?: number;
  mcc?: string;
}

export interface Evaluation {
  transaction_id: string;
  risk_score: number;
  severity: Severity;
  should_alert: boolean;
  alert_id: string | null;
  decision: string;
  detector_scores: DetectorScores;
  explanations: string[];
  model_version: string;
  processing_time_ms: number;
}

export interface Alert {
  alert_id: string;
  timestamp: string;
  entity: string;
  entity_type: EntityType;
  risk_score: number;
  severity: Severity;
  status: Status;
  version: number;
  sla_deadline: string;
  sla_breached: boolean;
  priority: "P1" | "P2" | "P3";
}

export interface Transaction {
  transaction_id: string;
  amount: number;
  currency: string;
  timestamp: string;
  source_account: string;
  destination_account: string | null;
  channel: string | null;
  ip_address: string | null;
  device_fingerprint: string | null;
}

export interface FeatureDeviation {
  feature: string;
  deviation: number;
  risk_level: RiskLevel;
  value: number;
  baseline: number;
}

export interface AlertDetail extends Alert {
  description: string;
  transaction: Transaction;
  feature_deviations: FeatureDeviation[];
  historical_scores: number[];
}

export interface Note {
  note_id: string;
  content: string;
  analyst_id: string;
  timestamp: string;
}

export interface Investigation {
  alert_id: string;
  entity: string;
  status: Status;
  risk_score: number;
  transaction: Transaction;
  feature_deviations: FeatureDeviation[];
  historical_behavior: { date: string; score: number; model?: string }[];
  notes: Note[];
}

export interface Moved {
  success: boolean;
  alert_id: string;
  new_status: Status;
}

export interface Decided {
  success: boolean;
  alert_id: string;
  updated_status: Status;
  message: string;
}

export interface NoteAdded {
  success: boolean;
  message: string;
  note_id: string;
}

export interface History {
  alert_id: string;
  history: {
    action: string;
    old_status: Status | null;
    new_status: Status;
    analyst_id: string;
    content: string;
    timestamp: string;
  }[];
}

export interface Feedback {
  feedback_id: string;
  alert_id: string;
  entity: string;
  decision: FeedbackDecision;
  notes: string;
  resolved_at: string;
  analyst: string;
}

export interface FeedbackSummary {
  total_resolutions: number;
  confirmed_frauds: number;
  false_positives: number;
  resolution_rate: number;
}

export interface FeedbackPage extends Page<Feedback> {
  summary: FeedbackSummary;
}

export interface DashboardMetrics {
  total_transactions: number;
  active_alerts: number;
  high_risk_alerts: number;
  false_positive_rate: number;
  trends: {
    alerts_change_pct: number;
    false_positive_change_pct: number;
    transactions_change_pct: number;
  };
  timestamp: string;
}

export interface AnalyticsMetrics {
  precision: number;
  recall: number;
  f1_score: number;
  alert_volume_daily: number;
  auc_roc: number;
  accuracy: number;
}

export interface ModelPerformance {
  versions: string[];
  accuracy: number[];
  timestamps: string[];
  precision: number[];
  recall: number[];
}

export interface ConfusionMatrix {
  true_positives: number;
  false_positives: number;
  true_negatives: number;
  false_negatives: number;
}
