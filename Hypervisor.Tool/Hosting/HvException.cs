using System;

namespace Hypervisor.Tool.Hosting;

/// <summary>A failure the user can understand and act on: its message is one clear sentence and is printed without a stack trace.</summary>
public class HvException : Exception
{
    /// <summary>Creates the failure with the sentence to print.</summary>
    public HvException(string message)
        : base(message)
    {
    }

    /// <summary>Creates the failure with the sentence to print and what brought it about.</summary>
    public HvException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
