"""Everything it takes to make a model: manifests, augmentation, synthesis, trainer, evaluation."""
