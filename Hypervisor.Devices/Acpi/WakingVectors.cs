using Hypervisor.Core.Guest.Startup;
using Hypervisor.Core.Mediation;

namespace Hypervisor.Devices.Acpi;

/// <summary>
/// The places where an operating system tells the firmware where to wake it (ACPI 6.5 §5.2.10): for the time of a sleep they lead to the
/// host. The FADT can name two
/// FACS; nobody can know which of them the firmware looks at, so both are changed.
/// </summary>
internal sealed class WakingVectors
{
    private const uint FirstMebibyte = 1 << 20;
    private const int Tables = 2;

    /// <summary>Bytes of a FACS that are looked at: all that have a meaning.</summary>
    private const int Size = 64;

    private readonly ulong[] _addresses = new ulong[Tables];
    private readonly uint[] _vectors = new uint[Tables];
    private readonly ulong[] _extendedVectors = new ulong[Tables];
    private uint _hosts;

    /// <summary>Takes the addresses of both tables.</summary>
    internal void Locate(Fadt fadt)
    {
        _addresses[0] = fadt.FirmwareControl;
        _addresses[1] = fadt.ExtendedFirmwareControl == fadt.FirmwareControl ? 0 : fadt.ExtendedFirmwareControl;
    }

    /// <summary>Where the operating system wants to be woken.</summary>
    /// <param name="host">The machine.</param>
    /// <param name="point">The place.</param>
    /// <returns>Whether there is one, and the host can go on there.</returns>
    internal WakingPlace Read(MediatorHost host, out StartPoint point)
    {
        point = default;
        for (int i = 0; i < Tables; i++)
        {
            Facs facs = Find(host, i);
            ulong extended = facs.ExtendedWakingVector;
            uint vector = facs.WakingVector;
            if (extended != 0)
            {
                // ACPI 6.5 §5.2.10: where the extended vector is not zero the other one is not looked at.
                bool isFlat = extended <= uint.MaxValue && !(facs.CanWake64 && facs.Wants64);
                point = isFlat ? StartPoint.Flat((uint)extended) : default;
                return isFlat ? WakingPlace.Usable : WakingPlace.Unusable;
            }

            if (vector != 0)
            {
                point = vector < FirstMebibyte ? StartPoint.RealMode(vector) : default;
                return vector < FirstMebibyte ? WakingPlace.Usable : WakingPlace.Unusable;
            }
        }

        return WakingPlace.None;
    }

    /// <summary>Leads the firmware to the host.</summary>
    /// <param name="host">The machine.</param>
    /// <param name="vector">Where the host is woken, in real mode.</param>
    internal void Divert(MediatorHost host, uint vector)
    {
        _hosts = vector;
        for (int i = 0; i < Tables; i++)
        {
            Facs facs = Find(host, i);
            _vectors[i] = facs.WakingVector;
            _extendedVectors[i] = facs.ExtendedWakingVector;
            facs.WakingVector = vector;
            facs.ExtendedWakingVector = 0;
        }
    }

    /// <summary>Puts back what was there, where it is still as the host has left it.</summary>
    internal void Restore(MediatorHost host)
    {
        for (int i = 0; i < Tables && _hosts != 0; i++)
        {
            Facs facs = Find(host, i);
            if (facs.WakingVector == _hosts && facs.ExtendedWakingVector == 0)
            {
                facs.WakingVector = _vectors[i];
                facs.ExtendedWakingVector = _extendedVectors[i];
            }
        }

        _hosts = 0;
    }

    private Facs Find(MediatorHost host, int index) => new(_addresses[index] == 0 ? default : host.Memory(_addresses[index], Size));
}
