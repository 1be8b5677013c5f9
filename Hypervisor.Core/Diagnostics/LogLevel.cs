namespace Hypervisor.Core.Diagnostics;

/// <summary>How much a log line matters. The value is the letter in the line.</summary>
public enum LogLevel : byte
{
    /// <summary>The VMM stops, or a part of it was switched off.</summary>
    Error = (byte)'E',

    /// <summary>Something is not as it should be; the machine goes on as before.</summary>
    Warning = (byte)'W',

    /// <summary>What a user may want to know.</summary>
    Information = (byte)'I',

    /// <summary>What only a developer wants to know.</summary>
    Debug = (byte)'D',
}
