"""The learner's files on the page: uploads and downloads."""
