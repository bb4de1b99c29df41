"""Files made from a snapshot. The same snapshot and code version give the same bytes."""
