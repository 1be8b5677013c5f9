using System;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using Spectre.Console;

namespace Hypervisor.Tool.Hosting;

/// <summary>What the tool tells its user.</summary>
public static class Terminal
{
    private static readonly IAnsiConsole _output = Open(Console.Out, Console.IsOutputRedirected);
    private static readonly IAnsiConsole _error = Open(Console.Error, Console.IsErrorRedirected);

    /// <summary>Says what is being done or was found.</summary>
    public static void Note(string text)
    {
        Console.WriteLine(text);
    }

    /// <summary>Says why the tool cannot go on.</summary>
    public static void Error(string text)
    {
        // Not a Spectre line: those are wrapped to the width of the terminal, which breaks paths in logs.
        _error.Markup("[red]hv:[/] ");
        Console.Error.WriteLine(text);
    }

    /// <summary>Does a step that may take long: says what it is before, shows that it is alive, and says how long it took.</summary>
    public static T Step<T>(string title, Func<T> work)
    {
        Stopwatch watch = Stopwatch.StartNew();
        T result = default!;
        if (_output.Profile.Capabilities.Interactive)
        {
            _output.Status().Start(Markup.Escape(title), _ => result = work());
        }
        else
        {
            // A log has no spinner: the title must stand there before the wait, not after it.
            Console.WriteLine($"{title} ...");
            result = work();
        }

        _output.Markup("[green]done[/] ");
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{title} ({watch.Elapsed.TotalSeconds:F1} s)"));
        return result;
    }

    /// <inheritdoc cref="Step{T}(string, Func{T})"/>
    public static void Step(string title, Action work)
    {
        Step(title, () =>
        {
            work();
            return true;
        });
    }

    private static IAnsiConsole Open(TextWriter writer, bool redirected)
    {
        // Left to itself the library colours logs too on hosts it takes for build servers.
        return AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = redirected ? AnsiSupport.No : AnsiSupport.Detect,
            Interactive = redirected ? InteractionSupport.No : InteractionSupport.Detect,
            Out = new AnsiConsoleOutput(writer),
        });
    }
}
