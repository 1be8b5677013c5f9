using System;
using Hypervisor.Tool.Hosting;

namespace Hypervisor.Tool.Emulators;

/// <summary>A machine did not do what was waited for; the message ends with what its logs say.</summary>
public sealed class MachineException : HvException
{
    /// <summary>Creates the failure from a sentence and the folder with the logs.</summary>
    public MachineException(string sentence, RunFolder folder)
        : base(sentence + Environment.NewLine + RunReport.Describe(folder))
    {
    }
}
