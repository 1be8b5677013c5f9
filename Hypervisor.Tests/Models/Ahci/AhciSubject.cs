using System;
using System.Text;
using Hypervisor.Core.Mediation;
using Hypervisor.Devices.Ahci;
using Hypervisor.Devices.Pci;

namespace Hypervisor.Tests.Models.Ahci;

/// <summary>The mediator as tests make it.</summary>
internal static class AhciSubject
{
    /// <summary>Makes one with options, each <c>KEY = VALUE</c>.</summary>
    internal static Func<PciMediator, PciConfiguration, Mediator> With(params string[] options) => (pci, configuration) =>
    {
        AhciMediator mediator = new(pci, configuration);
        foreach (string option in options)
        {
            string[] parts = option.Split('=', 2, StringSplitOptions.TrimEntries);
            OptionResult result = mediator.SetOption(Encoding.ASCII.GetBytes(parts[0]), Encoding.ASCII.GetBytes(parts[1]));
            if (!result.IsTaken)
            {
                throw new ArgumentException($"{option}: {Encoding.ASCII.GetString(result.Problem)}: {Encoding.ASCII.GetString(result.Accepted)}");
            }
        }

        return mediator;
    };
}
