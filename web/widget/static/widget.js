// The widget's script comes here.
