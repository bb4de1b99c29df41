"""Pure torch: training in segments, sampling in fixed batches, checkpoints with cards."""
