// The page's entry: applies the chosen theme before anything is painted, and defines the elements.
// The script is loaded by a plain <script> in <head>, so that the elements are known before <body> is parsed.
import { applyTheme } from "./components/theme-switch";
import "./pages/komfyr-app";

applyTheme();
