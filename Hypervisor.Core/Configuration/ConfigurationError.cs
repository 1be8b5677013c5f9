using System;

namespace Hypervisor.Core.Configuration;

/// <summary>What is wrong with a configuration, and where; an empty <see cref="Problem"/> means nothing is.</summary>
public readonly ref struct ConfigurationError(int line, ReadOnlySpan<byte> key, ReadOnlySpan<byte> problem, ReadOnlySpan<byte> accepted)
{
    /// <summary>Line, from 1.</summary>
    public int Line => line;

    /// <summary>The key as written.</summary>
    public ReadOnlySpan<byte> Key { get; } = key;

    /// <summary>What is wrong.</summary>
    public ReadOnlySpan<byte> Problem { get; } = problem;

    /// <summary>What would be accepted.</summary>
    public ReadOnlySpan<byte> Accepted { get; } = accepted;

    /// <summary>Whether there is an error.</summary>
    public bool IsError => Problem.Length != 0;
}
