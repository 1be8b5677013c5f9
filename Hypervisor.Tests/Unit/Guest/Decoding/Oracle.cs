using Hypervisor.Core.Guest.Decoding;
using Iced.Intel;

namespace Hypervisor.Tests.Unit.Guest.Decoding;

/// <summary>Iced, an independent decoder, over one buffer that the test refills.</summary>
internal sealed class Oracle
{
    private readonly ByteArrayCodeReader[] _readers = new ByteArrayCodeReader[3];
    private readonly Decoder[] _decoders = new Decoder[3];

    public Oracle(byte[] code, DecoderOptions options)
    {
        for (int width = 0; width < _decoders.Length; width++)
        {
            _readers[width] = new ByteArrayCodeReader(code);
            _decoders[width] = Decoder.Create(16 << width, _readers[width], options);
        }
    }

    public Instruction Decode(CodeWidth width)
    {
        _readers[(int)width].Position = 0;
        _decoders[(int)width].IP = 0;
        _decoders[(int)width].Decode(out Instruction instruction);
        return instruction;
    }
}
