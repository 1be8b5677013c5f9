using System;
using Hypervisor.Core.Mediation;

namespace Hypervisor.Devices.Speaker;

/// <summary><c>speaker</c>: keeps the PC speaker silent, and counts who wanted it.</summary>
public sealed class SpeakerMediator : Mediator
{
    private const ushort ControlPort = 0x61;
    private const uint SpeakerBits = 3;
    private uint _silenced;

    public override ReadOnlySpan<byte> Name => "speaker"u8;

    public override void Attach(MediatorHost host) => host.ClaimPorts(ControlPort, ControlPort);

    public override Verdict OnPort(ref PortRequest request)
    {
        if (request.IsWrite && (request.Value & SpeakerBits) == SpeakerBits)
        {
            request.Value &= ~SpeakerBits;
            _silenced++;
        }

        return Verdict.Pass;
    }

    public override ulong Statistic(int index, out ReadOnlySpan<byte> name)
    {
        name = index == 0 ? "silenced"u8 : default;
        return _silenced;
    }
}
